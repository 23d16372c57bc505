// Package ecs checks what distributions/ecs has for AWS, as far as that can be done without AWS: the task definitions are
// registered through the SDK, which validates and encodes them, the CloudFormation template defines the same task, and the
// Terraform module evaluates to it. It is a module of its own, for the sake of what it imports: make test-ecs.
package ecs
