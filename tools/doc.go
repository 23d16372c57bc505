// Package tools pins the programs that the Makefile runs, each as a tool of this module, so that their
// dependencies stay out of the product's.
package tools
