# Interface endpoints for machines that reach AWS by private addresses only: ../cloudformation.yaml as a module.
#
#   module "otelcol_cloudwatch_endpoints" {
#     source       = "./vpc-endpoints/terraform"
#     vpc_id       = "vpc-0a1b2c3d"
#     subnet_ids   = ["subnet-0a", "subnet-0b"]
#     client_cidrs = ["10.0.0.0/8"]
#   }

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  region = var.region != "" ? var.region : data.aws_region.this.name

  # ../../policies are written by a tool: {ACCOUNT} is the place that they leave open.
  policies = {
    for service in var.services : service => replace(replace(
      file("${path.module}/../../policies/endpoint_${service}.json"),
      "{ACCOUNT}", data.aws_caller_identity.this.account_id),
      "arn:aws:", "arn:${data.aws_partition.this.partition}:"
    )
  }

  # Zone ID and name of each endpoint's regional entry, which comes first.
  names = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.dns_entry[0].dns_name }

  routed = [for service in ["logs", "monitoring", "ssm", "sts", "xray"] : service if contains(var.services, service)]
}

resource "aws_security_group" "endpoints" {
  name_prefix = "otelcol-cloudwatch-endpoints-"
  description = "HTTPS from the machines to the endpoints of otelcol-cloudwatch"
  vpc_id      = var.vpc_id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  for_each = toset(var.client_cidrs)

  security_group_id = aws_security_group.endpoints.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "machines"
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(var.services)

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.subnet_ids
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = var.private_dns
  policy              = local.policies[each.value]
  tags                = merge(var.tags, { Name = "otelcol-cloudwatch-${each.value}" })
}

# Distributor's packages come from S3.
resource "aws_vpc_endpoint" "s3" {
  count = length(var.route_table_ids) > 0 ? 1 : 0

  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids
  tags              = var.tags
}
