package logs
import "github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
func (v *converter) windowsEvents(list []agentjson.Node) {}
func (v *converter) journald(list []agentjson.Node) {}
