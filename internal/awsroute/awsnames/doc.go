// Package awsnames knows which host names belong to which AWS service in a region. The names come from
// the SDK's own endpoint rules, in all four variants (plain, FIPS, dual-stack, both), so that every
// partition that the SDK knows is covered and nothing is cut out of a host name.
package awsnames
