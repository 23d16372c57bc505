package wire

import (
	"bytes"
	"encoding"
	"encoding/xml"
	"fmt"
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// namespaces are the XML namespaces of the query services.
var namespaces = map[string]string{
	Monitoring: "http://monitoring.amazonaws.com/doc/2010-08-01/",
	STS:        "https://sts.amazonaws.com/doc/2011-06-15/",
}

// maxQueryList bounds a list in a query request: indexes are the client's choice.
const maxQueryList = 10_000

// maxQueryDepth bounds the parts of a name: the deepest one of the services here has nine
// (MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name).
const maxQueryDepth = 32

// queryNode is a member of a query request: a value, or members by name.
type queryNode struct {
	value    string
	children map[string]*queryNode
}

// parseForm reads a URL-encoded form; of a name that comes twice the first counts. url.ParseQuery
// refuses forms of more than 10,000 names, and a PutMetricData request of 1,000 metrics may have
// more; the size of the body bounds them here.
func parseForm(body string) (map[string]string, error) {
	form := make(map[string]string, strings.Count(body, "&")+1)
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(rawKey)
		if err != nil {
			return nil, err
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, err
		}
		if _, ok := form[key]; !ok {
			form[key] = value
		}
	}
	return form, nil
}

func decodeQuery(form map[string]string, v any) error {
	root := &queryNode{}
	for key, value := range form {
		if strings.Count(key, ".") >= maxQueryDepth {
			return fmt.Errorf("a name has more than %d parts", maxQueryDepth)
		}
		n := root
		for part := range strings.SplitSeq(key, ".") {
			if n.children == nil {
				n.children = map[string]*queryNode{}
			}
			child := n.children[part]
			if child == nil {
				child = &queryNode{}
				n.children[part] = child
			}
			n = child
		}
		n.value = value
	}
	return root.into(reflect.ValueOf(v).Elem(), "")
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

func (n *queryNode) into(v reflect.Value, path string) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return n.into(v.Elem(), path)
	}
	if v.CanAddr() && v.Addr().Type().Implements(textUnmarshaler) {
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.value)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	var err error
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, ok := memberName(v.Type().Field(i))
			if !ok {
				continue
			}
			if child := n.children[name]; child != nil {
				if err := child.into(v.Field(i), strings.TrimPrefix(path+"."+name, ".")); err != nil {
					return err
				}
			}
		}
	case reflect.Slice:
		members, err := n.list("member", path)
		if err != nil {
			return err
		}
		// An empty list is sent as the bare name with an empty value.
		v.Set(reflect.MakeSlice(v.Type(), len(members), len(members)))
		for at, m := range members {
			if err := m.node.into(v.Index(at), fmt.Sprintf("%s.member.%d", path, m.index)); err != nil {
				return err
			}
		}
	case reflect.Map:
		return n.intoMap(v, path)
	case reflect.String:
		v.SetString(n.value)
	case reflect.Bool:
		var b bool
		if b, err = strconv.ParseBool(n.value); err == nil {
			v.SetBool(b)
		}
	case reflect.Float32, reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(n.value, 64); err == nil {
			v.SetFloat(f)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		var i int64
		if i, err = strconv.ParseInt(n.value, 10, 64); err == nil {
			v.SetInt(i)
		}
	default:
		err = fmt.Errorf("%s cannot be decoded", v.Type())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// indexed is a member of a list.
type indexed struct {
	index int
	node  *queryNode
}

// list is the members of a list or map in the order of their indexes. They stand under wrapper, or
// for a flattened list directly under the name.
func (n *queryNode) list(wrapper, path string) ([]indexed, error) {
	if m := n.children[wrapper]; m != nil {
		n = m
	}
	if len(n.children) > maxQueryList {
		return nil, fmt.Errorf("%s has more than %d members", path, maxQueryList)
	}
	members := make([]indexed, 0, len(n.children))
	for k, node := range n.children {
		i, err := strconv.Atoi(k)
		if err != nil || i < 1 {
			return nil, fmt.Errorf("%s.%s: %q is not an index", path, k, k)
		}
		members = append(members, indexed{i, node})
	}
	sort.Slice(members, func(i, j int) bool { return members[i].index < members[j].index })
	return members, nil
}

// intoMap decodes a map with text keys: NAME.entry.1.key and NAME.entry.1.value.
func (n *queryNode) intoMap(v reflect.Value, path string) error {
	entries, err := n.list("entry", path)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(entries)))
	for _, e := range entries {
		at := fmt.Sprintf("%s.entry.%d", path, e.index)
		k, value := e.node.children["key"], e.node.children["value"]
		if k == nil || value == nil {
			return fmt.Errorf("%s needs a key and a value", at)
		}
		key := reflect.New(v.Type().Key()).Elem()
		if err := k.into(key, at+".key"); err != nil {
			return err
		}
		content := reflect.New(v.Type().Elem()).Elem()
		if err := value.into(content, at+".value"); err != nil {
			return err
		}
		v.SetMapIndex(key, content)
	}
	return nil
}

// memberName is the wire name of a field: its json tag, as in the other protocols.
func memberName(f reflect.StructField) (string, bool) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, f.IsExported() && name != "" && name != "-"
}

func encodeQuery(c *Call, v any) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%sResponse xmlns=%q>", c.Operation, namespaces[c.Service])
	if v != nil {
		b.WriteString("<" + c.Operation + "Result>")
		if err := writeXML(&b, reflect.ValueOf(v)); err != nil {
			return nil, err
		}
		b.WriteString("</" + c.Operation + "Result>")
	}
	fmt.Fprintf(&b, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>", c.RequestID, c.Operation)
	return b.Bytes(), nil
}

func encodeQueryError(c *Call, e *Error) ([]byte, error) {
	fault := "Receiver"
	if e.sender() {
		fault = "Sender"
	}
	code := e.Code
	if e.QueryCode != "" {
		code = e.QueryCode
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<ErrorResponse xmlns=%q><Error><Type>%s</Type><Code>%s</Code><Message>", namespaces[c.Service], fault, code)
	if err := xml.EscapeText(&b, []byte(e.Message)); err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "</Message></Error><RequestId>%s</RequestId></ErrorResponse>", c.RequestID)
	return b.Bytes(), nil
}

// writeXML writes the members of a struct, or one value, without an element around it.
func writeXML(b *bytes.Buffer, v reflect.Value) error {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return err
		}
		return xml.EscapeText(b, text)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, ok := memberName(v.Type().Field(i))
			f := v.Field(i)
			omit := strings.Contains(v.Type().Field(i).Tag.Get("json"), ",omitempty")
			if !ok || f.Kind() == reflect.Pointer && f.IsNil() || omit && f.IsZero() {
				continue
			}
			if err := writeElement(b, name, f); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := writeElement(b, "member", v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		return writeXMLMap(b, v)
	case reflect.String:
		return xml.EscapeText(b, []byte(v.String()))
	case reflect.Float32, reflect.Float64:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	default:
		fmt.Fprint(b, v.Interface())
	}
	return nil
}

// writeXMLMap writes a map with text keys, in the order of the keys.
func writeXMLMap(b *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	for _, k := range keys {
		b.WriteString("<entry>")
		if err := writeElement(b, "key", k); err != nil {
			return err
		}
		if err := writeElement(b, "value", v.MapIndex(k)); err != nil {
			return err
		}
		b.WriteString("</entry>")
	}
	return nil
}

func writeElement(b *bytes.Buffer, name string, v reflect.Value) error {
	b.WriteString("<" + name + ">")
	if err := writeXML(b, v); err != nil {
		return err
	}
	b.WriteString("</" + name + ">")
	return nil
}
