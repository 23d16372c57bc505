package logtime

// Windows has no time zones by their names, such as Europe/Vienna, and images without a distribution have none at all: the
// program brings them along, and takes the system's where there are any.
import _ "time/tzdata"
