output "task_role" {
  description = "The role of the task."
  value       = aws_iam_role.task.arn
}

output "service" {
  description = "The service."
  value       = aws_ecs_service.this.id
}

output "log_group" {
  description = "Where the application's log lines are."
  value       = "/ecs/${var.cluster}/${var.name}"
}
