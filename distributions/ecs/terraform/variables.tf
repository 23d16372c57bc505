variable "kind" {
  type        = string
  default     = "fargate"
  description = "Which of ../task-definitions: fargate, ec2 or daemon."
  validation {
    condition     = contains(["fargate", "ec2", "daemon"], var.kind)
    error_message = "Write fargate, ec2 or daemon."
  }
}

variable "name" {
  type        = string
  default     = "shop"
  description = "The name of the service, and of the family of its task definitions."
}

variable "region" {
  type        = string
  description = "The region of the cluster."
}

variable "cluster" {
  type        = string
  default     = "default"
  description = "The name of the cluster."
}

variable "image" {
  type        = string
  description = "The collector's image, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/otelcol-cloudwatch:1.2.3."
}

variable "application" {
  type        = string
  default     = null
  description = "The application's container definition as JSON, with fargate and ec2; null is an example. It mounts the volume logs, depends on collector HEALTHY, and has a stopTimeout."
  validation {
    condition     = var.application == null || can(jsondecode(var.application).name)
    error_message = "Write one container definition as JSON, such as jsonencode({name = \"app\", …})."
  }
}

variable "configuration" {
  type        = string
  default     = "service: {}"
  description = "A layer of configuration over ecs.yaml that a task has from its start on, with fargate and ec2."
}

variable "subnets" {
  type        = list(string)
  default     = []
  description = "Subnets of the tasks, with fargate."
}

variable "security_groups" {
  type        = list(string)
  default     = []
  description = "Security groups of the tasks, with fargate; they have to let HTTPS out."
}

variable "public_address" {
  type        = bool
  default     = false
  description = "Give tasks a public address: in public subnets, with fargate."
}

variable "desired_count" {
  type        = number
  default     = 1
  description = "How many tasks, with fargate and ec2."
}

variable "log_retention_days" {
  type        = number
  default     = 7
  description = "Retention of the collector's own log."
}
