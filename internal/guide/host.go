package guide

import "strings"

func (a *Answers) hostRecipe() string {
	if a.windows() {
		return "windows.yaml"
	}
	return "host.yaml"
}

// editHost makes the host's recipe collect and name what the answers say.
func (a *Answers) editHost(d *document) {
	title := "What this host sends to CloudWatch: " + a.collected() + "."
	more := []string{title, written + "\nThe other settings are environment variables with a default; config/README.md lists them."}
	for _, p := range d.paragraphs() {
		if a.Logs && strings.HasPrefix(p, "Lossless") {
			more = append(more, p)
		}
	}
	more = append(more, "The layers beside it are merged over it, in the order of their names: "+RouteFile+" says\nhow AWS is reached, and holds the region.")
	d.heading(more...)

	if a.Metrics {
		d.set(a.Namespace, "exporters", "cloudwatch_emf", "namespace")
		d.set(a.MetricsLogGroup, "exporters", "cloudwatch_emf", "log_group_name")
	} else {
		d.cut("receivers", "host_metrics")
		d.cut("processors", "metrics_transform")
		d.cut("processors", "transform/metrics")
		d.cut("exporters", "cloudwatch_emf")
		d.cut("service", "pipelines", "metrics/host")
	}
	if a.Logs {
		d.set(a.LogGroup, "exporters", "cloudwatch_logs", "log_group_name")
		a.editReceivers(d)
		return
	}
	d.cut("receivers", "file_tail")
	if a.windows() {
		d.cut("receivers", eventLog("System"))
		d.cut("receivers", eventLog("Application"))
	}
	d.cut("processors", "transform/logs")
	d.cut("exporters", "cloudwatch_logs")
	d.cut("service", "pipelines", "logs/files")
}

// collected is what is sent, in words.
func (a *Answers) collected() string {
	var kinds []string
	if a.Metrics {
		kinds = append(kinds, "its metrics")
	}
	if a.Logs && len(a.LogFiles) > 0 {
		kinds = append(kinds, "its log files")
	}
	if a.Logs && len(a.EventLogs) > 0 {
		kinds = append(kinds, "its event logs")
	}
	last := len(kinds) - 1
	if last == 0 {
		return kinds[0]
	}
	return strings.Join(kinds[:last], ", ") + " and " + kinds[last]
}

// editReceivers names the files and the event logs.
func (a *Answers) editReceivers(d *document) {
	var receivers []string
	if len(a.LogFiles) > 0 {
		receivers = append(receivers, "file_tail")
		d.set(a.LogFiles, "receivers", "file_tail", "include")
	} else {
		d.cut("receivers", "file_tail")
	}
	if !a.windows() {
		return
	}
	shipped := map[string]bool{"System": false, "Application": false}
	for _, channel := range a.EventLogs {
		receivers = append(receivers, eventLog(channel))
		if _, ok := shipped[channel]; ok {
			shipped[channel] = true
			continue
		}
		d.clone(eventLog(channel), strings.NewReplacer("Application", channel), "receivers", eventLog("Application"))
	}
	for _, channel := range []string{"System", "Application"} {
		if !shipped[channel] {
			d.cut("receivers", eventLog(channel))
		}
	}
	d.set(receivers, "service", "pipelines", "logs/files", "receivers")
}

// eventLog is the receiver of a channel. A component's name has no spaces in it here: channels do.
func eventLog(channel string) string {
	return "windows_event_log/" + strings.ToLower(strings.NewReplacer(" ", "_", "/", "_").Replace(channel))
}
