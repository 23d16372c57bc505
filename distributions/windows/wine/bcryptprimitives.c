/* bcryptprimitives.dll for Wine 8, which has none: the one function of it that Go's runtime wants. */
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *to, unsigned long n); /* RtlGenRandom */

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *to, unsigned long long n)
{
	return SystemFunction036(to, (unsigned long)n);
}

int __stdcall DllMain(void *module, unsigned long reason, void *reserved) { return 1; }
