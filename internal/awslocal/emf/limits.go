package emf

// Limits of the Embedded Metric Format, from its specification and the JSON schema in it.
const (
	// MaxMetrics is the number of metric definitions in one directive.
	MaxMetrics = 100
	// MaxDimensions is the number of names in one dimension set.
	MaxDimensions = 30
	// MaxValues is the number of values in the array of one metric.
	MaxValues = 100
	// MaxNamespaceLength and MaxNameLength are counted in characters; both need at least one.
	MaxNamespaceLength = 1024
	MaxNameLength      = 1024
	// MaxDimensionNameLength is counted in characters.
	MaxDimensionNameLength = 250
	// MaxDimensionValueLength is counted in characters.
	MaxDimensionValueLength = 1024

	// maxValue is the largest magnitude that CloudWatch stores (PutMetricData).
	maxValue = 0x1p360

	// maxTimestamp is 9999-12-31T23:59:59.999Z in milliseconds: later ones have no text form.
	maxTimestamp = 253402300799999
)

// Units are CloudWatch's units, in the order of its service model.
var Units = [...]string{
	"Seconds", "Microseconds", "Milliseconds",
	"Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits",
	"Percent", "Count",
	"Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second",
	"Count/Second", "None",
}

// NoUnit is the unit of a metric that names none.
const NoUnit = "None"

// ValidUnit tells whether unit is one of CloudWatch's.
func ValidUnit(unit string) bool {
	for i := range Units {
		if Units[i] == unit {
			return true
		}
	}
	return false
}
