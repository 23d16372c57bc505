// Package aws checks what distributions/aws has, as far as that can be done without AWS: CloudFormation templates against
// a table of the types that they use, policies in them against internal/awspolicy, SSM documents against their schema,
// scripts by running them with programs that only note how they were called. tests/terraform has the Terraform module.
package aws
