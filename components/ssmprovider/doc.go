// Package ssmprovider is the confmap provider of the scheme ssm: layers and values of a configuration that
// are kept in SSM Parameter Store, and watched there. Package ssmstore has the grammar of its URIs.
//
//	--config ssm:/fleet/ ──▶ RetrieveLayers ─┐
//	                                         ├─▶ source, one for a region and role ─▶ ssmstore ─▶ SSM
//	${ssm:/db/password} ───▶ Retrieve ───────┘      │
//	                                             poller: versions of all that is watched, ten a call
//	collector ◀── changed ── other text? ◀── read again ◀── other version?
package ssmprovider
