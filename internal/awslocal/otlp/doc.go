// Package otlp is CloudWatch's OTLP endpoints: logs, metrics and traces over HTTP, as protobuf or JSON.
//
//	POST /v1/logs     ─▶ log events of the group and stream in two headers, one for each record
//	POST /v1/metrics  ─▶ data points, which are not CloudWatch's classic metrics
//	POST /v1/traces   ─▶ spans
//
// A request beyond a limit is refused whole; records whose time is out of range are refused alone, as partial success.
package otlp
