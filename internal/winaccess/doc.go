// Package winaccess decides who may change what a Windows service reads: files that run with the service's rights may be
// owned and changed by the system, administrators and the service alone. The decision is made from security descriptors
// as text, on every operating system; reading them from files is Windows'.
package winaccess
