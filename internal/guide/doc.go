// Package guide makes a first configuration of a few answers: a folder of layers, each one of the
// recipes that we ship with the answers put in.
//
//	this host ──▶ Found ──▶ defaults ─┐
//	flags, a person ──▶ Questions ────┴─▶ Answers ──▶ Files: 10-host.yaml, 20-route.yaml, 30-credentials.yaml
//	                                                    ▲
//	                        config/*.yaml, edited by ───┘ document
//
// The files are layers and not one file, because that is how they are changed later: a route or an
// identity is replaced without touching what is collected, and 40-mine.yaml changes single keys of all.
// internal/layers merges them, as it merges the recipes. The recipes are embedded and edited as text, so that their comments
// stay, and what is written cannot drift from what is tested.
//
// The package asks, builds and writes. It does not call AWS, and what it knows of this host is Found.
package guide
