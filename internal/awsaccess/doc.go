// Package awsaccess is how this machine gets to AWS, as an operator writes it: the route table, the
// credentials, and what of both is offered to those that cannot use them directly. The extension
// endpoint_routing has this configuration; what runs before or without the extension reads the same file.
package awsaccess
