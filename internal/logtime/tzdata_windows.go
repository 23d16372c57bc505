package logtime

// Windows has no time zones by their names, such as Europe/Vienna: the program brings them along.
import _ "time/tzdata"
