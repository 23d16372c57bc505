package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	// leafLife is short enough for clients that refuse certificates of more than 398 days.
	leafLife = 365 * 24 * time.Hour
	// backdated is how far before now a certificate is valid, for clients whose clock is behind.
	backdated = time.Hour
	// maxLeaves bounds the certificates that are kept; then all are made anew.
	maxLeaves = 1000

	certificateFile = "ca.pem"
	keyFile         = "ca-key.pem"
)

// Authority is a certificate authority. It is safe for concurrent use.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	made        time.Time

	mu     sync.Mutex
	leaves map[string]*tls.Certificate // by the first name that they cover
}

// New makes an authority that is valid for ten years from now.
func New(now time.Time) (*Authority, error) {
	key, serial, err := keyAndSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "cloudwatch-local authority", Organization: []string{"otelcol-cloudwatch"}},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return open(der, key, now)
}

func open(der []byte, key *ecdsa.PrivateKey, now time.Time) (*Authority, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{certificate: certificate, key: key, made: now, leaves: map[string]*tls.Certificate{}}, nil
}

// Load reads the authority that Save wrote. Where there is none the error is fs.ErrNotExist.
func Load(dir string, now time.Time) (*Authority, error) {
	certificate, err := readPEM(filepath.Join(dir, certificateFile), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	der, err := readPEM(filepath.Join(dir, keyFile), "EC PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("authority key %s: %w; remove the folder to get a new authority", filepath.Join(dir, keyFile), err)
	}
	a, err := open(certificate, key, now)
	if err != nil {
		return nil, fmt.Errorf("authority %s: %w; remove the folder to get a new authority", dir, err)
	}
	if now.After(a.certificate.NotAfter) {
		return nil, fmt.Errorf("authority %s expired at %s; remove the folder to get a new one", dir, a.certificate.NotAfter.Format(time.RFC3339))
	}
	if !key.PublicKey.Equal(a.certificate.PublicKey) {
		return nil, fmt.Errorf("authority %s: the key does not belong to the certificate; remove the folder to get a new authority", dir)
	}
	return a, nil
}

func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("authority: %s has no %s; remove its folder to get a new authority", path, kind)
	}
	return block.Bytes, nil
}

// Save writes ca.pem and, readable by the owner alone, ca-key.pem into dir, which it makes.
func (a *Authority) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("authority: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(a.key)
	if err != nil {
		return err
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return errors.Join(
		os.WriteFile(filepath.Join(dir, keyFile), key, 0o600),
		os.WriteFile(filepath.Join(dir, certificateFile), a.PEM(), 0o644),
	)
}

// PEM is the certificate that clients must trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// TLSConfig serves each name that AWS has, and loopback, with a certificate of its own. A handshake for
// any other name fails.
func (a *Authority) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return a.forName(hello.ServerName)
		},
	}
}

func (a *Authority) forName(name string) (*tls.Certificate, error) {
	names := covered(name)
	if names == nil {
		return nil, fmt.Errorf("cloudwatch-local has no certificate for %q: not a name of an AWS service that it serves, nor loopback", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if leaf := a.leaves[names[0]]; leaf != nil {
		return leaf, nil
	}
	leaf, err := a.Certificate(a.made.Add(leafLife), names...)
	if err != nil {
		return nil, err
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	a.leaves[names[0]] = leaf
	return leaf, nil
}

// Certificate signs a certificate for the given names and addresses, valid until notAfter: a test may
// want one that expired, or one for a wrong name.
func (a *Authority) Certificate(notAfter time.Time, names ...string) (*tls.Certificate, error) {
	key, serial, err := keyAndSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: strings.TrimPrefix(names[0], "*.")},
		NotBefore:    notAfter.Add(-leafLife - backdated),
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key}, nil
}

// keyAndSerial are what each certificate has of its own. The serial number is random, of at most 159 bits
// (RFC 5280, 4.1.2.2: positive, up to 20 octets).
func keyAndSerial() (*ecdsa.PrivateKey, *big.Int, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	return key, serial, err
}
