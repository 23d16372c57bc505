package ssm

import (
	"encoding/base64"
	"encoding/json"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// walkPosition is where a walk over several pages stands.
type walkPosition struct {
	Page    int    `json:"p,omitempty"` // pages answered
	After   string `json:"a,omitempty"` // the last name answered
	Version int64  `json:"v,omitempty"` // the last version answered
}

var errInvalidToken = wire.Errorf("InvalidNextToken", "The specified token isn't valid.")

// writeToken makes a token that only this instance reads, and only for the same question.
func (s *Service) writeToken(operation, question string, at walkPosition) *string {
	plain, err := json.Marshal(at)
	if err != nil {
		panic(err) // a struct of plain fields always encodes
	}
	token := base64.URLEncoding.EncodeToString([]byte(s.sealer.seal(string(plain), operation+"\x00"+question)))
	return &token
}

func (s *Service) readToken(token *string, operation, question string) (walkPosition, error) {
	var at walkPosition
	if token == nil || *token == "" {
		return at, nil
	}
	sealed, err := base64.URLEncoding.DecodeString(*token)
	if err != nil {
		return at, errInvalidToken
	}
	if json.Unmarshal([]byte(s.sealer.open(string(sealed), operation+"\x00"+question)), &at) != nil {
		return at, errInvalidToken
	}
	return at, nil
}

// pageSize checks MaxResults and applies its default, the largest.
func pageSize(c *wire.Constraints, asked *int64, largest int) int {
	if asked == nil {
		return largest
	}
	c.Range("maxResults", *asked, 1, int64(largest))
	return int(*asked)
}

// page answers one page of a walk over names in order. match tells whether a name belongs to the
// answer, and adds it. The returned token is nil at the end.
func (s *Service) page(names []string, at walkPosition, limit int, operation, question string, match func(name string, add bool) bool) *string {
	at.Page++
	empty := s.emptyPageEvery > 0 && at.Page%s.emptyPageEvery == 0
	found := 0
	for _, name := range names {
		if !match(name, false) {
			continue
		}
		if empty || found == limit {
			return s.writeToken(operation, question, at)
		}
		match(name, true)
		at.After = name
		found++
	}
	return nil
}
