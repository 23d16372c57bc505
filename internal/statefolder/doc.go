// Package statefolder is the folder in which a collector keeps state: who has it, what the stores of components are called
// there, and how what file_storage left becomes a store of package statelog.
package statefolder
