// Package jsonfield finds one field of a JSON record without decoding the rest of it.
package jsonfield
