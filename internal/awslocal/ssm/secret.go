package ssm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
)

// ciphertextHeader starts a ciphertext as KMS's own do, so that it looks like one (AQICAHg…).
var ciphertextHeader = []byte{0x01, 0x02, 0x02, 0x00, 0x78}

// sealer encrypts values with a key that only this instance knows.
type sealer struct{ aead cipher.AEAD }

func newSealer() *sealer {
	key := make([]byte, 32)
	rand.Read(key) // crypto/rand.Read never returns an error
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key of a wrong length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a block cipher of a wrong size
	}
	return &sealer{aead}
}

// seal encrypts; the context must be the same for open, as with KMS's encryption context.
func (s *sealer) seal(plain, context string) string {
	nonce := make([]byte, s.aead.NonceSize())
	rand.Read(nonce) // crypto/rand.Read never returns an error
	out := append(bytes.Clone(ciphertextHeader), nonce...)
	return base64.StdEncoding.EncodeToString(s.aead.Seal(out, nonce, []byte(plain), []byte(context)))
}

// open decrypts what seal returned, and returns "" for anything else.
func (s *sealer) open(sealed, context string) string {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(raw) < len(ciphertextHeader)+s.aead.NonceSize() {
		return ""
	}
	raw = raw[len(ciphertextHeader):]
	nonce, text := raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, text, []byte(context))
	if err != nil {
		return ""
	}
	return string(plain)
}
