// Package httpsprovider is the configuration provider https: layers and values from web pages, over TLS alone.
//
// Upstream's provider (v1.62.0) does not look at HTTPS_PROXY, so that it goes past a route table, follows a page that redirects to
// plain HTTP, waits without an end and reads a page of any size.
package httpsprovider
