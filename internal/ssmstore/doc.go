// Package ssmstore keeps configurations in SSM Parameter Store: it reads them whole or not at all, writes
// them so that a reader never sees half of one, and knows their versions, labels and history.
//
//	push:  text ─▶ pack ─▶ NAME.chunk.SET.0001 … ─▶ NAME (one put switches) ─▶ label ─▶ prune
//	read:  NAME[:VERSION|:LABEL] ─▶ envelope? ─▶ chunks ─▶ length, SHA-256 ─▶ text
//	watch: Look (up to ten names a call, nothing decrypted) ─▶ another version? ─▶ Finish (decrypts, reads parts)
//
// # URIs
//
//	ssm:NAME[:VERSION|:LABEL][#KEY][?OPTIONS][:-DEFAULT]
//	ssm:/PATH/[:LABEL][?OPTIONS]
//
// NAME is a parameter's name or its full ARN, whose region is then used. A trailing slash means all
// parameters below the path, at any depth, in the order of their names; with a label, those that have it.
// KEY is a key of the JSON object in the parameter, with dots between nested keys and %XX for characters
// that mean something here. OPTIONS are region, role_arn, external_id, poll and optional. The first ":-"
// begins the default, so that a label that begins with a hyphen cannot be named.
//
// # What a parameter holds
//
// Text that fits is stored as it is. Other text is an envelope: a small JSON document that says how long
// the text is, its SHA-256, how it is encoded (gzip where that is smaller, then base64), and either holds
// it or names the set of chunks that do. Chunks are Standard parameters beside it, with the same type and
// key, NAME.chunk.SET.0001 and so on. SET is random: two pushes never write into one set, and no name
// tells what is in a SecureString.
//
// # What Parameter Store cannot promise
//
// There is no conditional put. Push looks at the version right before its one put that counts, and at the
// version that the put was given; a writer in between is not lost, as its version stays in the history,
// but it is overwritten, and PushResult.Overwrote says so. Labels move without a condition, too: of two
// pushes in the same moment, the one that labels last has the label.
package ssmstore
