// Package awsconfig is the one way in which every component and subcommand gets its aws.Config: its
// region, its credentials, the route that its requests take.
//
//	Config ─▶ Load ─▶ Session{Region, Config aws.Config, Credentials}
//
// Requests go through the Router, those for credentials (STS, SSO) and for metadata included. The SDK
// does not retry: callers own that.
//
// Credentials come in layers, a source below and a role on top for each entry of assume_role. Each
// layer keeps what it has until it is due or refused:
//
//   - files are looked at again every few seconds, and taken over when they rest and hold a whole set;
//   - what expires is fetched again ahead of its end, and kept while the fetch fails;
//   - what the service refuses (ExpiredToken and its like) is fetched again at once, from the lowest
//     layer up, and the request is sent once more when the keys have changed.
package awsconfig
