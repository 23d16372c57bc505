// Package retryafter reads and bounds what an answer asks a client to wait. Error pages of proxies and load balancers ask for an
// hour or a day. The package exporters makes upstream's exporters obey within a bound.
package retryafter
