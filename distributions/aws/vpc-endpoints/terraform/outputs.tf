output "security_group_id" {
  description = "Security group of the endpoints."
  value       = aws_security_group.endpoints.id
}

output "names" {
  description = "Names of the endpoints by service, for vpc_endpoints of config/routes."
  value       = local.names
}

output "routes_layer" {
  description = "Layer for /etc/otelcol-cloudwatch/config.d."
  value = yamlencode({
    extensions = {
      endpoint_routing = {
        region = local.region
        policy = "private_only"
        routes = [merge(
          { name = var.private_dns ? "vpc" : "vpc-endpoints" },
          var.private_dns ? { private_dns = {} } : {},
          var.private_dns ? {} : { vpc_endpoints = { for service in local.routed : service => local.names[service] } }
        )]
        listen        = "127.0.0.1:4443"
        process_proxy = true
      }
    }
    service = { extensions = ["endpoint_routing"] }
  })
}
