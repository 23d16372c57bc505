package shape

var (
	// measurement names metrics; some are renamed, or have another unit.
	measurement = list{unique: true, item: textOr{name, object{others: anything{}, keys: map[string]shape{
		"name": name, "rename": name, "unit": text{min: 1, max: 256},
	}}}}
	undecorated = list{item: name, unique: true}

	basic = map[string]shape{"metrics_collection_interval": interval, "append_dimensions": dimensions, "measurement": measurement}
	// plugin is what most plugins are, and Windows' objects of counters too.
	plugin     = object{others: anything{}, keys: basic, required: []string{"measurement"}}
	resources  = list{item: path, max: 256}
	instances  = plugin.and(map[string]shape{"resources": resources})
	serviceKey = map[string]shape{"service.name": path, "deployment.environment": path}
)

// and is an object with more keys.
func (s object) and(more map[string]shape) object {
	s.keys = with(s.keys, more)
	return s
}

var metrics = object{required: []string{"metrics_collected"}, keys: with(serviceKey, map[string]shape{
	"namespace":              name,
	"aggregation_dimensions": list{min: 1, max: 1024, unique: true, item: list{item: short, unique: true, max: 30}},
	"append_dimensions":      dimensions,
	"metrics_destinations": object{min: 1, keys: map[string]shape{
		"cloudwatch": anything{},
		"amp":        object{required: []string{"workspace_id"}, keys: map[string]shape{"workspace_id": name}},
	}},
	"metrics_collected":    object{min: 1, keys: plugins, others: plugin},
	"force_flush_interval": interval,
	"credentials":          credentials,
	"endpoint_override":    endpoint,
})}

var plugins = map[string]shape{
	"cpu": plugin.and(map[string]shape{"resources": list{item: text{oneOf: []string{"*"}}, max: 1}, "totalcpu": truth{}}),
	"disk": instances.and(map[string]shape{
		"ignore_file_system_types": resources, "drop_device": truth{},
	}),
	"diskio":    instances,
	"net":       instances,
	"mem":       plugin,
	"swap":      plugin,
	"netstat":   plugin,
	"processes": plugin,
	"procstat": list{min: 1, max: 255, item: object{
		others: anything{}, required: []string{"measurement"}, oneOf: []string{"pid_file", "exe", "pattern"},
		keys: with(basic, map[string]shape{"pid_file": name, "exe": name, "pattern": name, "measurement": undecorated}),
	}},
	"efa": object{
		others: anything{}, required: []string{"measurement"},
		keys: map[string]shape{"metrics_collection_interval": interval, "measurement": measurement, "drop_original_metrics": droppedNames},
	},
	"ethtool": object{keys: map[string]shape{
		"interface_include": words, "interface_exclude": words, "metrics_include": words,
		"append_dimensions": dimensions, "drop_original_metrics": droppedNames,
	}},
	"nvidia_smi": object{others: anything{}, keys: map[string]shape{"measurement": words}},
	"statsd": object{keys: with(serviceKey, map[string]shape{
		"allowed_pending_messages":     number{min: 1, max: 2147483647},
		"service_address":              name,
		"metrics_collection_interval":  interval,
		"metrics_aggregation_interval": orNone,
		"metric_separator":             name,
		"drop_original_metrics":        droppedNames,
	})},
	"collectd": object{keys: with(serviceKey, map[string]shape{
		"service_address":              name,
		"name_prefix":                  name,
		"collectd_auth_file":           path,
		"collectd_security_level":      text{oneOf: []string{"none", "sign", "encrypt"}},
		"collectd_typesdb":             list{item: path, max: 10},
		"metrics_aggregation_interval": orNone,
		"drop_original_metrics":        droppedNames,
		"append_dimensions":            dimensions,
	})},
	"jmx":        listOr{list{min: 1, max: 255, item: jmx}},
	"otlp":       otlp,
	"prometheus": object{required: []string{"prometheus_config_path"}, keys: map[string]shape{"prometheus_config_path": name}},
}

var jmxTarget = object{others: anything{}, required: []string{"measurement"}, keys: map[string]shape{"measurement": measurement}}

var jmxTargets = []string{"jvm", "kafka", "kafka-consumer", "kafka-producer", "tomcat"}

var jmx = object{oneOf: jmxTargets, keys: map[string]shape{
	"endpoint": endpoint, "metrics_collection_interval": interval, "append_dimensions": dimensions,
	"username": text{}, "password_file": text{}, "keystore_path": text{}, "keystore_type": text{}, "truststore_path": text{},
	"truststore_type": text{}, "remote_profile": text{}, "realm": text{}, "registry_ssl_enabled": truth{}, "insecure": truth{},
	"jvm": jmxTarget, "kafka": jmxTarget, "kafka-consumer": jmxTarget, "kafka-producer": jmxTarget, "tomcat": jmxTarget,
}}
