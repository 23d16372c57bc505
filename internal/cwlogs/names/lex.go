package names

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// peek is the byte at hand; 0 at the end, where no template has that byte unless in quotes.
func (p *parser) peek() byte {
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// next is the character at hand.
func (p *parser) next() string {
	_, size := utf8.DecodeRuneInString(p.text[p.at:])
	return p.text[p.at : p.at+size]
}

func (p *parser) spaces() {
	for p.peek() == ' ' {
		p.at++
	}
}

// until reads up to one of the bytes, or the end.
func (p *parser) until(stops string) string {
	length := strings.IndexAny(p.text[p.at:], stops)
	if length < 0 {
		length = len(p.text) - p.at
	}
	text := p.text[p.at : p.at+length]
	p.at += length
	return text
}

// key reads what stands after a colon: in quotes, or up to | or }.
func (p *parser) key() (string, error) {
	if p.peek() == '"' {
		return p.quoted()
	}
	key := strings.TrimRight(p.until("|}{\""), " ")
	if c := p.peek(); c == '{' || c == '"' {
		return "", fmt.Errorf("%q is not expected in a key: close the placeholder before it with }, or write the key in quotes", string(c))
	}
	return key, nil
}

// quoted reads text in quotes. Invalid UTF-8 in it is kept.
func (p *parser) quoted() (string, error) {
	open := p.at
	var text []byte
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case '"':
			p.at++
			return string(text), nil
		case '\\':
			if p.at++; p.peek() != '"' && p.peek() != '\\' {
				return "", fmt.Errorf(`\ is followed by neither " nor \: write \\ for a backslash`)
			}
			text = append(text, p.text[p.at])
		default:
			text = append(text, c)
		}
	}
	p.at = open
	return "", fmt.Errorf("no second quote closes this one: add it")
}
