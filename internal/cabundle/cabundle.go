// Package cabundle reads certificates of authorities as people save them: with a byte order mark, or as UTF-16, which a
// shell of Windows writes.
package cabundle

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"unicode/utf16"
)

// Read gives the PEM text of a file with at least one certificate.
func Read(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text := plain(raw)
	if x509.NewCertPool().AppendCertsFromPEM(text) {
		return text, nil
	}
	return nil, fmt.Errorf("%s: %s", path, trouble(raw, text))
}

func trouble(raw, text []byte) string {
	if len(bytes.TrimSpace(text)) == 0 {
		return "it is empty; a bundle has PEM certificates"
	}
	if _, err := x509.ParseCertificates(raw); err == nil {
		return "it is in DER, and PEM is needed: openssl x509 -inform der -in FILE -out FILE.pem"
	}
	if block, _ := pem.Decode(text); block != nil && block.Type != "CERTIFICATE" {
		return fmt.Sprintf("it holds no PEM certificate, but a %s", block.Type)
	}
	return "it holds no PEM certificate, which begins with -----BEGIN CERTIFICATE-----"
}

// plain is UTF-8 without a byte order mark.
func plain(raw []byte) []byte {
	var high, low int
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		high, low = 1, 0
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		high, low = 0, 1
	default:
		return bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	}
	var units []uint16
	for i := 2; i+1 < len(raw); i += 2 {
		units = append(units, uint16(raw[i+high])<<8|uint16(raw[i+low]))
	}
	return []byte(string(utf16.Decode(units)))
}
