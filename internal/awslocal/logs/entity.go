package logs

import (
	"unicode/utf8"
)

// Limits of an entity (service model: EntityKeyAttributes and EntityAttributes).
const (
	minKeyAttributes = 2
	maxKeyAttributes = 4
	maxAttributes    = 10
	maxAttribute     = 256 // characters of an attribute's name
	maxEntityValue   = 512 // characters of a value
)

// entity is the thing that a batch of events is about.
type entity struct {
	KeyAttributes map[string]string `json:"keyAttributes"`
	Attributes    map[string]string `json:"attributes"`
}

// keyAttributeNames are the names that keyAttributes may hold.
var keyAttributeNames = map[string]bool{
	"Type": true, "ResourceType": true, "Identifier": true, "Name": true, "Environment": true,
}

// entityTypes are the values of Type, with the key attributes that each one needs.
var entityTypes = map[string][]string{
	"Service":       {"Name"},
	"RemoteService": {"Name"},
	"AWS::Service":  {"Name"},
	"Resource":      {"ResourceType", "Identifier"},
	"AWS::Resource": {"ResourceType", "Identifier"},
}

// reject returns the errorType of an entity that is not valid, or "". EntitySizeTooLarge is never
// returned: its limit is not documented and the limits of the members bound the whole.
func (e *entity) reject(class string) string {
	if class != classStandard {
		return "UnsupportedLogGroupType"
	}
	if e.KeyAttributes == nil || e.KeyAttributes["Type"] == "" {
		return "MissingRequiredFields"
	}
	needed, known := entityTypes[e.KeyAttributes["Type"]]
	if !known {
		return "InvalidTypeValue"
	}
	for name, value := range e.KeyAttributes {
		if !keyAttributeNames[name] || !within(value, maxEntityValue) {
			return "InvalidKeyAttributes"
		}
	}
	for _, name := range needed {
		if _, ok := e.KeyAttributes[name]; !ok {
			return "MissingRequiredFields"
		}
	}
	if n := len(e.KeyAttributes); n < minKeyAttributes || n > maxKeyAttributes {
		return "InvalidKeyAttributes"
	}
	if len(e.Attributes) > maxAttributes {
		return "InvalidAttributes"
	}
	for name, value := range e.Attributes {
		if !within(name, maxAttribute) || !within(value, maxEntityValue) {
			return "InvalidAttributes"
		}
	}
	return ""
}

// within tells whether s has 1 to limit characters.
func within(s string, limit int) bool { return s != "" && utf8.RuneCountInString(s) <= limit }

// entity reads an entity of a PutLogEvents request.
func (d *decoder) entity() (*entity, error) {
	e := new(entity)
	return e, d.object(func(key []byte) (err error) {
		switch string(key) {
		case "keyAttributes":
			e.KeyAttributes, err = d.stringMap()
		case "attributes":
			e.Attributes, err = d.stringMap()
		default:
			err = d.skip(3)
		}
		return err
	})
}

// stringMap reads an object whose values are strings, or nil for null. A value of null is "".
func (d *decoder) stringMap() (map[string]string, error) {
	if null, err := d.null(); null || err != nil {
		return nil, err
	}
	m := map[string]string{}
	return m, d.object(func(key []byte) error {
		name := string(key)
		value, err := d.smallString()
		if err != nil {
			return err
		}
		m[name] = ""
		if value != nil {
			m[name] = *value
		}
		return nil
	})
}
