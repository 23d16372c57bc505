package xray

import (
	"encoding/json"
	"math"
	"regexp"
	"time"
	"unicode/utf8"
)

const maxName = 200 // characters (segment document schema)

var (
	namePattern    = regexp.MustCompile(`^[\p{L}\p{N}\p{Z}_.:/%&#=+\\\-@]+$`)
	idPattern      = regexp.MustCompile(`^[0-9a-fA-F]{16}$`)
	traceIDPattern = regexp.MustCompile(`^1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}$`)
)

// segment is what is read of a segment document.
type segment struct {
	ID         string   `json:"id"`
	TraceID    string   `json:"trace_id"`
	Name       string   `json:"name"`
	ParentID   string   `json:"parent_id"`
	Type       string   `json:"type"`
	StartTime  *float64 `json:"start_time"` // seconds since 1970
	EndTime    *float64 `json:"end_time"`
	InProgress bool     `json:"in_progress"`
	Error      bool     `json:"error"`
	Fault      bool     `json:"fault"`
	Throttle   bool     `json:"throttle"`
	HTTP       struct {
		Request struct {
			URL       string `json:"url"`
			Method    string `json:"method"`
			UserAgent string `json:"user_agent"`
			ClientIP  string `json:"client_ip"`
		} `json:"request"`
		Response struct {
			Status *int64 `json:"status"`
		} `json:"response"`
	} `json:"http"`
	Subsegments []json.RawMessage `json:"subsegments"`

	document string
}

// check returns the error code of a document that breaks the schema, or "".
func (s *segment) check() string {
	switch {
	case s.ID == "":
		return "MissingId"
	case !idPattern.MatchString(s.ID):
		return "InvalidId"
	case s.TraceID == "":
		return "MissingTraceId"
	case !traceIDPattern.MatchString(s.TraceID):
		return "InvalidTraceId"
	case s.Name == "":
		return "MissingName"
	case utf8.RuneCountInString(s.Name) > maxName || !namePattern.MatchString(s.Name):
		return "InvalidName"
	case s.Type != "" && s.Type != "subsegment":
		return "InvalidType"
	case s.Type == "subsegment" && s.ParentID == "":
		return "MissingParentId"
	case s.ParentID != "" && !idPattern.MatchString(s.ParentID):
		return "InvalidParentId"
	}
	return s.checkTimes()
}

func (s *segment) checkTimes() string {
	switch {
	case s.StartTime == nil:
		return "MissingStartTime"
	case !validTime(*s.StartTime):
		return "InvalidStartTime"
	case s.EndTime == nil && !s.InProgress:
		return "MissingEndTime"
	case s.EndTime != nil && (s.InProgress || !validTime(*s.EndTime) || *s.EndTime < *s.StartTime):
		return "InvalidEndTime"
	}
	return s.checkSubsegments()
}

// checkSubsegments applies the rules to nested subsegments, which take their trace and parent from
// where they stand.
func (s *segment) checkSubsegments() string {
	for _, document := range s.Subsegments {
		var sub segment
		if json.Unmarshal(document, &sub) != nil {
			return "ParseError"
		}
		sub.TraceID, sub.ParentID, sub.Type = s.TraceID, s.ID, "subsegment"
		if code := sub.check(); code != "" {
			return code
		}
	}
	return ""
}

func validTime(seconds float64) bool {
	return !math.IsNaN(seconds) && seconds > 0 && seconds < 1e11 // year 5138; milliseconds are larger
}

func (s *segment) start() time.Time { return fromSeconds(*s.StartTime) }

func (s *segment) end() time.Time {
	if s.EndTime == nil {
		return s.start()
	}
	return fromSeconds(*s.EndTime)
}

func fromSeconds(seconds float64) time.Time {
	return time.UnixMicro(int64(math.Round(seconds * 1e6))).UTC()
}

// parse reads one document: a segment, a subsegment, or an array of subsegments. The code is "" when
// all is well; the id is what could be read of it.
func parse(document string) (segments []*segment, id, code string) {
	if len(document) > MaxDocument {
		return nil, "", "DocumentSizeExceeded"
	}
	documents := []json.RawMessage{json.RawMessage(document)}
	list := json.Unmarshal([]byte(document), &documents) == nil
	if list && len(documents) == 0 {
		return nil, "", "MissingId"
	}
	if !list {
		documents = []json.RawMessage{json.RawMessage(document)}
	}
	for _, d := range documents {
		s := &segment{document: string(d)}
		if json.Unmarshal(d, s) != nil {
			return nil, "", "ParseError"
		}
		if list && s.Type != "subsegment" {
			return nil, s.ID, "InvalidType"
		}
		if code := s.check(); code != "" {
			return nil, s.ID, code
		}
		segments = append(segments, s)
	}
	return segments, "", ""
}
