package awsconfig

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// serviceIDs are the SDK's names of the services that a route table knows.
var serviceIDs = map[string]string{
	"logs":           "CloudWatch Logs",
	"monitoring":     "CloudWatch",
	"ssm":            "SSM",
	"sts":            "STS",
	"xray":           "XRay",
	"ec2":            "EC2",
	"s3":             "S3",
	"kms":            "KMS",
	"secretsmanager": "Secrets Manager",
}

// credentialServices are asked for credentials; a component's own endpoint is none of theirs.
var credentialServices = []string{"STS", "SSO", "SSO OIDC", "Signin"}

// endpoints are URLs by the SDK's name of a service, and one for all others.
type endpoints struct {
	byService map[string]string
	own       string
}

func newEndpoints(own string, byService map[string]string) (endpoints, error) {
	e := endpoints{byService: map[string]string{}, own: own}
	for service, url := range byService {
		id, ok := serviceIDs[strings.ToLower(service)]
		if !ok {
			return endpoints{}, fmt.Errorf("endpoint for the unknown service %q; known are %s", service, strings.Join(serviceNames(), ", "))
		}
		if err := checkEndpoint("endpoint of "+service, url); err != nil {
			return endpoints{}, err
		}
		e.byService[id] = url
	}
	return e, nil
}

func serviceNames() []string {
	names := make([]string, 0, len(serviceIDs))
	for name := range serviceIDs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (e endpoints) of(serviceID string) string {
	if e.own != "" && !slices.Contains(credentialServices, serviceID) {
		return e.own
	}
	return e.byService[serviceID]
}

// set is an aws.Config's service option: it gives a client its endpoint. What was configured wins over
// the environment (AWS_ENDPOINT_URL…), which the client has looked at before.
func (e endpoints) set(serviceID string, options any) {
	url := e.of(serviceID)
	if url == "" {
		return
	}
	// Every service has an Options type of its own, all of them with this field.
	v := reflect.ValueOf(options)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return
	}
	field := v.Elem().FieldByName("BaseEndpoint")
	if field.IsValid() && field.CanSet() && field.Type() == reflect.TypeFor[*string]() {
		field.Set(reflect.ValueOf(&url))
	}
}
