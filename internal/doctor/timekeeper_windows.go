package doctor

// timekeeper names what keeps the clock.
const timekeeper = "the Windows Time service (w32tm /resync)"
