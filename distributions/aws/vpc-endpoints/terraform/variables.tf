variable "vpc_id" {
  description = "VPC that gets the endpoints."
  type        = string
}

variable "subnet_ids" {
  description = "One subnet in each zone that the endpoints shall be in."
  type        = list(string)
}

variable "client_cidrs" {
  description = "Addresses of the machines, such as 10.0.0.0/8, and those on premises."
  type        = list(string)
}

variable "region" {
  description = "Region of the endpoints; empty for the provider's."
  type        = string
  default     = ""
}

variable "private_dns" {
  description = "true: AWS's public names answer with the endpoints' addresses inside the VPC. false: machines call the endpoints by their own names."
  type        = bool
  default     = true
}

variable "services" {
  description = "Services that get an endpoint. Metrics of cloudwatch_emf need logs alone; ssmmessages and ec2messages are the SSM Agent's."
  type        = list(string)
  default     = ["logs", "ssm", "ssmmessages", "ec2messages", "sts"]

  validation {
    condition     = length(setsubtract(var.services, ["logs", "monitoring", "ssm", "ssmmessages", "ec2messages", "sts", "xray", "kms"])) == 0
    error_message = "Services are logs, monitoring, ssm, ssmmessages, ec2messages, sts, xray and kms."
  }
}

variable "route_table_ids" {
  description = "Route tables that get a gateway endpoint for S3, from which Distributor's packages come."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
