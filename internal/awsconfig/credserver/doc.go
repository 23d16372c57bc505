// Package credserver serves the current credentials to other programs and to components that know only
// the SDK's own sources: over HTTP on loopback, as a container credentials endpoint does.
//
// Who asks needs AWS_CONTAINER_CREDENTIALS_FULL_URI, set to URL, and the token, in
// AWS_CONTAINER_AUTHORIZATION_TOKEN or in the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names.
// The token is new at every start.
package credserver
