{{- define "name" -}}
{{- .Chart.Name -}}
{{- end -}}

{{/* The release's name, with the chart's where it does not have it. */}}
{{- define "fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "selectorLabels" -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "labels" -}}
{{ include "selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion | replace "+" "_") -}}
{{- end -}}
{{- end -}}

{{/* What values.schema.json cannot say as plainly. */}}
{{- define "validate" -}}
{{- $source := .Values.credentials.source -}}
{{- if and (ne $source "default") (not .Values.region) }}{{ fail (printf "credentials.source %s is for clusters outside AWS, where no region can be found: set region" $source) }}{{ end -}}
{{- if and (eq $source "web_identity") (not .Values.credentials.webIdentity.roleArn) }}{{ fail "credentials.source web_identity needs the role: set credentials.webIdentity.roleArn" }}{{ end -}}
{{- if and (eq $source "secret") (not .Values.credentials.secret.name) }}{{ fail "credentials.source secret needs the Secret: set credentials.secret.name" }}{{ end -}}
{{- if not (or .Values.logs.enabled .Values.metrics.enabled) }}{{ fail "logs.enabled and metrics.enabled are both false, so there is nothing to send: set one to true" }}{{ end -}}
{{- end -}}

{{/* The memory limit in MiB. The schema lets Mi and Gi through. */}}
{{- define "memoryMiB" -}}
{{- $limit := .Values.resources.limits.memory -}}
{{- $n := regexFind "^[0-9]+" $limit | int -}}
{{- if hasSuffix "Gi" $limit }}{{ mul $n 1024 }}{{ else }}{{ $n }}{{ end -}}
{{- end -}}

{{/* What the values change in kubernetes.yaml beyond its variables. */}}
{{- define "chartLayer" -}}
{{- $layer := dict -}}
{{- $receivers := dict -}}
{{- $pipelines := dict -}}
{{- if .Values.logs.enabled -}}
  {{- if .Values.logs.firstLine -}}
    {{- $first := printf "^(?:[0-9][^ ]+ std(?:out|err) [FP] |[{]\"log\":\")(?:%s)" .Values.logs.firstLine -}}
    {{- $_ := set $receivers "file_tail" (dict "multiline" (dict "line_end_pattern" nil "line_start_pattern" $first)) -}}
  {{- end -}}
  {{- if not .Values.rbac.create -}}
    {{- $_ := set $layer "processors" (dict "k8s_attributes" nil) -}}
    {{- $_ := set $pipelines "logs/containers" (dict "processors" (list "resource_detection" "transform/containers")) -}}
  {{- end -}}
{{- else -}}
  {{- $_ := set $receivers "file_tail" nil -}}
  {{- $_ := set $layer "processors" (dict "k8s_attributes" nil "transform/containers" nil) -}}
  {{- $_ := set $layer "exporters" (dict "cloudwatch_logs" nil) -}}
  {{- $_ := set $pipelines "logs/containers" nil -}}
{{- end -}}
{{- if .Values.metrics.enabled -}}
  {{- if not .Values.hostNetwork -}}
    {{- $_ := set $receivers "host_metrics" (dict "scrapers" (dict "network" nil)) -}}
  {{- end -}}
{{- else -}}
  {{- $_ := set $receivers "host_metrics" nil -}}
  {{- $_ := set $layer "processors" (merge (dict "metricstransform" nil "transform/metrics" nil) (get $layer "processors" | default dict)) -}}
  {{- $_ := set $layer "exporters" (merge (dict "cloudwatch_emf" nil) (get $layer "exporters" | default dict)) -}}
  {{- $_ := set $pipelines "metrics/host" nil -}}
{{- end -}}
{{- if $receivers }}{{ $_ := set $layer "receivers" $receivers }}{{ end -}}
{{- if $pipelines }}{{ $_ := set $layer "service" (dict "pipelines" $pipelines) }}{{ end -}}
{{- if $layer }}{{ toYaml $layer }}{{ end -}}
{{- end -}}

{{- define "routeLayer" -}}
{{- if .Values.route.routes -}}
extensions:
  endpoint_routing:
    region: {{ required "route.routes leads to endpoints of a region: set region" .Values.region }}
    policy: {{ .Values.route.policy }}
    routes:
      {{- toYaml .Values.route.routes | nindent 6 }}
    {{- with .Values.route.otherHosts }}
    other_hosts:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    listen: {{ .Values.route.listen }}
    process_proxy: true
service:
  extensions: [endpoint_routing]
{{- end -}}
{{- end -}}
