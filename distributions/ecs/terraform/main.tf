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
  partition = data.aws_partition.current.partition

  # The definition and its policies, with your values in their open places. Each service has a log group and a parameter of its own.
  given = jsondecode(replace(replace(replace(replace(replace(replace(replace(replace(replace(
    jsonencode({
      definition = jsondecode(file("${path.module}/../task-definitions/${var.kind}.json"))
      trust      = jsondecode(file("${path.module}/../policies/trust.json"))
      task       = jsondecode(file("${path.module}/../policies/${var.kind == "daemon" ? "daemon" : "task"}-role.json"))
      execution  = jsondecode(file("${path.module}/../policies/execution-role.json"))
    }),
    "{REGION}", var.region),
    "{ACCOUNT}", data.aws_caller_identity.current.account_id),
    "{CLUSTER}", var.cluster),
    "{FAMILY}", var.name),
    "arn:aws:", "arn:${local.partition}:"),
    "\"/ecs/otelcol-cloudwatch\"", jsonencode(aws_cloudwatch_log_group.own.name)),
    "log-group:/ecs/otelcol-cloudwatch:", "log-group:${aws_cloudwatch_log_group.own.name}:"),
    "parameter/otelcol-cloudwatch/ecs/start", "parameter${aws_ssm_parameter.start.name}"),
  "\"{IMAGE}\"", jsonencode(var.image)))
  definition = local.given.definition
  collector  = [for c in local.definition.containerDefinitions : c if c.name == "collector"]
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

# What the containers themselves may do: the collector and the application alike.
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = jsonencode(local.given.trust)
}

resource "aws_iam_role_policy" "task" {
  name   = "collector"
  role   = aws_iam_role.task.id
  policy = jsonencode(local.given.task)
}

# What ECS does for the task before it runs.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = jsonencode(local.given.trust)
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = jsonencode(local.given.execution)
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = local.definition.requiresCompatibilities
  network_mode             = local.definition.networkMode
  cpu                      = try(local.definition.cpu, null)
  memory                   = try(local.definition.memory, null)
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  # The application of the example gives way to yours. Two texts, for their containers are of different types.
  container_definitions = var.application == null ? jsonencode(local.definition.containerDefinitions) : jsonencode(
    concat([jsondecode(var.application)], local.collector)
  )

  dynamic "runtime_platform" {
    for_each = try([local.definition.runtimePlatform], [])
    content {
      cpu_architecture        = runtime_platform.value.cpuArchitecture
      operating_system_family = runtime_platform.value.operatingSystemFamily
    }
  }

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
