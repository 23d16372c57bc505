package delta

// Exponential is the total of an exponential histogram.
type Exponential struct {
	Span
	Count uint64
	Sum   float64
	// Scale is that of the buckets: their base is 2^(2^-Scale).
	Scale int32
	Zero  uint64
	// Positive and Negative are copied where they are kept.
	Positive, Negative Buckets
}

// Buckets are the counts of those from index Offset on.
type Buckets struct {
	Offset int32
	Counts []uint64
}

// Exponential takes in the next total of an exponential histogram. What was added has the smaller of both scales.
func (s *Store) Exponential(id uint64, now Exponential) (Exponential, Verdict) {
	return next(s, &s.exponentials, id, now)
}

func (e Exponential) keep(to *Exponential) {
	positive, negative := to.Positive.Counts, to.Negative.Counts
	*to = e
	to.Positive.Counts = append(positive[:0], e.Positive.Counts...)
	to.Negative.Counts = append(negative[:0], e.Negative.Counts...)
}

func (e Exponential) held() int { return 8 * (cap(e.Positive.Counts) + cap(e.Negative.Counts)) }
func (e Exponential) size() int { return 8 * (len(e.Positive.Counts) + len(e.Negative.Counts)) }

func (e Exponential) since(base *Exponential) (Exponential, bool) {
	if e.Count < base.Count {
		return e, false
	}
	added := e
	added.Count -= base.Count
	added.Sum -= base.Sum
	added.Scale = min(e.Scale, base.Scale)
	// Where the zero threshold has grown, counts moved from their buckets to this one.
	added.Zero = monus(e.Zero, base.Zero)
	added.Positive = e.Positive.shrunk(e.Scale - added.Scale).less(base.Positive.shrunk(base.Scale - added.Scale))
	added.Negative = e.Negative.shrunk(e.Scale - added.Scale).less(base.Negative.shrunk(base.Scale - added.Scale))
	return added, true
}

// shrunk makes one bucket of 2^by.
func (b Buckets) shrunk(by int32) Buckets {
	if by <= 0 || len(b.Counts) == 0 {
		return b
	}
	by = min(by, 31)
	to := Buckets{Offset: b.Offset >> by}
	last := (int64(b.Offset) + int64(len(b.Counts)) - 1) >> by
	to.Counts = make([]uint64, last-int64(to.Offset)+1)
	for i, n := range b.Counts {
		to.Counts[(int64(b.Offset)+int64(i))>>by-int64(to.Offset)] += n
	}
	return to
}

// less takes other from b; what is more in it counts as 0. Only what b has can have grown.
func (b Buckets) less(other Buckets) Buckets {
	left := Buckets{Offset: b.Offset, Counts: make([]uint64, len(b.Counts))}
	for i, n := range b.Counts {
		before := uint64(0)
		if at := int64(b.Offset) + int64(i) - int64(other.Offset); at >= 0 && at < int64(len(other.Counts)) {
			before = other.Counts[at]
		}
		left.Counts[i] = monus(n, before)
	}
	return left
}

func monus(a, b uint64) uint64 {
	if a < b {
		return 0
	}
	return a - b
}
