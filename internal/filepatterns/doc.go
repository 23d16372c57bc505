// Package filepatterns says what is wrong with patterns of paths, and why one matches no file.
//
//	Check(pattern) ─▶ what the text alone shows: a variable of the shell, a URL, a relative path …   (pure)
//	Explain(pattern) ─▶ Check, and what the disk shows: the deepest folder that there is, the nearest name
//
// It opens no file, and looks into no folder that a Search of safepath would not look into.
package filepatterns
