package metrics

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// maxInvalid is how many invalid EMF metrics are kept with their reason.
const maxInvalid = 100

// maxReason bounds the text that is kept for one of them, in bytes.
const maxReason = 512

// InvalidEMF is a document in the Embedded Metric Format, or one metric of it, that gave no data
// point.
type InvalidEMF struct {
	Time      time.Time `json:"time"` // when it came
	LogGroup  string    `json:"log_group"`
	LogStream string    `json:"log_stream"`
	Namespace string    `json:"namespace,omitempty"`
	Metric    string    `json:"metric,omitempty"`
	Reason    string    `json:"reason"`
}

// EMFStatus counts what came in log events. AWS has the last two as metrics in AWS/Logs.
type EMFStatus struct {
	// Documents is the number of log events in the format, invalid ones included.
	Documents int64 `json:"documents"`
	// ParsingErrors is the number of documents that are not JSON.
	ParsingErrors int64 `json:"parsing_errors"`
	// ValidationErrors is the number of documents and metrics that the format does not allow.
	ValidationErrors int64 `json:"validation_errors"`
}

// IngestEMF extracts the metrics of a log event, if it is in the Embedded Metric Format. The time of
// the event itself does not matter: the document has its own.
func (s *Service) IngestEMF(group, stream, message string, _ time.Time) {
	doc, err := emf.Parse(message)
	if errors.Is(err, emf.ErrNotEMF) {
		return
	}
	now := s.config.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emf.Documents++
	invalid := func(namespace, metric, reason string) {
		s.keepInvalid(InvalidEMF{now, group, stream, shorten(namespace), shorten(metric), shorten(reason)})
	}
	if err != nil {
		if errors.Is(err, emf.ErrSyntax) {
			s.emf.ParsingErrors++
		} else {
			s.emf.ValidationErrors++
		}
		invalid("", "", err.Error())
		return
	}
	s.emf.ValidationErrors += int64(len(doc.Invalid))
	for _, i := range doc.Invalid {
		invalid(i.Namespace, i.Metric, i.Reason)
	}
	if reason := checkTime(now, doc.Timestamp); reason != "" && len(doc.Metrics) > 0 {
		s.emf.ValidationErrors++
		invalid(doc.Metrics[0].Namespace, "", fmt.Sprintf("Timestamp is %s, %s", doc.Timestamp.Format(time.RFC3339), reason))
		return
	}
	for i := range doc.Metrics {
		m := &doc.Metrics[i]
		if strings.HasPrefix(m.Namespace, reservedNamespace) {
			s.emf.ValidationErrors++
			invalid(m.Namespace, m.Name, fmt.Sprintf("Namespace is %q, but %s is reserved", m.Namespace, reservedNamespace))
			continue
		}
		sm := sample{at: floorSeconds(doc.Timestamp), unit: unitIndex(m.Unit), highResolution: m.StorageResolution == 1}
		if len(m.Values) > 0 {
			sm.setValues(m.Values, m.Counts)
		}
		if st := m.Statistics; st != nil {
			sm.count, sm.sum, sm.min, sm.max = st.Count, st.Sum, st.Min, st.Max
		}
		s.totals.PointsFromEMF++
		s.store.add(now, m.Namespace, m.Name, m.Dimensions, &sm)
	}
}

func (s *Service) keepInvalid(i InvalidEMF) {
	if len(s.recent) < maxInvalid {
		s.recent = append(s.recent, i)
		return
	}
	s.recent[s.next] = i
	s.next = (s.next + 1) % maxInvalid
}

// shorten makes a copy, so that the log event is not kept.
func shorten(s string) string {
	if len(s) > maxReason {
		s = s[:maxReason]
	}
	return strings.Clone(strings.ToValidUTF8(s, ""))
}

func floorSeconds(t time.Time) int64 { return t.Unix() }

func unitIndex(unit string) uint8 {
	for i := range emf.Units {
		if emf.Units[i] == unit {
			return uint8(i)
		}
	}
	return noUnit
}

// noUnit is the index of emf.NoUnit.
const noUnit = uint8(len(emf.Units) - 1)
