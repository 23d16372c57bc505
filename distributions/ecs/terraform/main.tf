# A service with the collector as a sidecar, on Fargate or on EC2, or a DAEMON service for the instances of a cluster. The
# task definitions are those of ../task-definitions.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.82"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  parameters = "arn:${local.partition}:ssm:${var.region}:${local.account}:parameter/otelcol-cloudwatch/ecs"
  groups     = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:"

  # Each service has a log group and a parameter of its own.
  text = replace(replace(replace(replace(replace(replace(
    file("${path.module}/../task-definitions/${var.kind}.json"),
    "\"/ecs/otelcol-cloudwatch\"", jsonencode(aws_cloudwatch_log_group.own.name)),
    "parameter/otelcol-cloudwatch/ecs/start", "parameter${aws_ssm_parameter.start.name}"),
    "IMAGE", var.image),
    "arn:aws:", "arn:${local.partition}:"),
    "REGION", var.region),
  "ACCOUNT", local.account)
  definition = jsondecode(local.text)
  # The application of the example gives way to yours.
  containers = var.application == null ? local.definition.containerDefinitions : concat(
    [jsondecode(var.application)],
    [for c in local.definition.containerDefinitions : c if c.name == "collector"],
  )
}

resource "aws_cloudwatch_log_group" "own" {
  name              = "/ecs/otelcol-cloudwatch/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_ssm_parameter" "start" {
  name  = "/otelcol-cloudwatch/ecs/${var.name}/start"
  type  = "String"
  tier  = "Intelligent-Tiering"
  value = var.configuration
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${var.region}:${local.account}:*"]
    }
  }
}

# What the containers themselves may do.
data "aws_iam_policy_document" "task" {
  statement {
    sid       = "Deliver"
    actions   = ["logs:PutLogEvents", "logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutRetentionPolicy"]
    resources = ["${local.groups}/ecs/*", "${local.groups}/otelcol-cloudwatch/*"]
  }
  statement {
    sid       = "ReadConfiguration"
    actions   = ["ssm:GetParameters", "ssm:GetParametersByPath"]
    resources = ["${local.parameters}/*"]
  }
}

# What ECS does for the task before it runs.
data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "PullToken"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    sid       = "Pull"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${local.partition}:ecr:${var.region}:${local.account}:repository/otelcol-cloudwatch"]
  }
  statement {
    sid       = "CollectorsOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.own.arn}:*"]
  }
  statement {
    sid       = "Secrets"
    actions   = ["ssm:GetParameters"]
    resources = [aws_ssm_parameter.start.arn]
  }
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "task" {
  name   = "collector"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = local.definition.requiresCompatibilities
  network_mode             = local.definition.networkMode
  cpu                      = try(local.definition.cpu, null)
  memory                   = try(local.definition.memory, null)
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions    = jsonencode(local.containers)

  dynamic "volume" {
    for_each = local.definition.volumes
    content {
      name      = volume.value.name
      host_path = try(volume.value.host.sourcePath, null)
      dynamic "docker_volume_configuration" {
        for_each = try([volume.value.dockerVolumeConfiguration], [])
        content {
          scope  = docker_volume_configuration.value.scope
          driver = docker_volume_configuration.value.driver
        }
      }
    }
  }

  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.execution]
}

resource "aws_ecs_service" "this" {
  name                = var.name
  cluster             = var.cluster
  task_definition     = aws_ecs_task_definition.this.arn
  launch_type         = local.definition.requiresCompatibilities[0]
  scheduling_strategy = var.kind == "daemon" ? "DAEMON" : "REPLICA"
  desired_count       = var.kind == "daemon" ? null : var.desired_count

  dynamic "network_configuration" {
    for_each = local.definition.networkMode == "awsvpc" ? [1] : []
    content {
      subnets          = var.subnets
      security_groups  = var.security_groups
      assign_public_ip = var.public_address
    }
  }
}
