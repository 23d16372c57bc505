// Package ssm is the Parameter Store of cloudwatch-local: the operations of Systems Manager that
// read, write, label, tag and delete parameters, with the limits, name rules and errors of the
// service.
//
// SecureString values are kept encrypted (AES-256-GCM with a key of the instance), and the ciphertext
// is what a read without decryption returns. There is no KMS: every well-formed key id is accepted
// unless Config.KMSKeys lists the ones that exist.
package ssm
