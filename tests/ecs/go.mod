module github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ecs

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.42.1
	github.com/aws/aws-sdk-go-v2/service/ecs v1.87.0
	github.com/hashicorp/hcl/v2 v2.25.0
	github.com/stretchr/testify v1.11.1
	github.com/zclconf/go-cty v1.19.0
	go.yaml.in/yaml/v3 v3.0.4
)
