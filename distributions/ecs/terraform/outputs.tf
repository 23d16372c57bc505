output "task_role" {
  description = "The role of the task."
  value       = aws_iam_role.task.arn
}

output "service" {
  description = "The service."
  value       = aws_ecs_service.this.id
}

output "log_group" {
  description = "Where the log lines are: of the application, or of the instances with daemon."
  value       = var.kind == "daemon" ? "/otelcol-cloudwatch/host" : "/ecs/${var.cluster}/${var.name}"
}
