/* wevtapi.dll for Wine 8, whose own aborts a program that asks it for more than a few functions: every call of the
   event log readers fails, as where a channel does not exist. */
__declspec(dllimport) void __stdcall SetLastError(unsigned long);

#define MISSING(name) __declspec(dllexport) void *__stdcall name(void) { SetLastError(15007); return 0; }

MISSING(EvtClose)
MISSING(EvtCreateBookmark)
MISSING(EvtCreateRenderContext)
MISSING(EvtFormatMessage)
MISSING(EvtNext)
MISSING(EvtOpenPublisherMetadata)
MISSING(EvtOpenSession)
MISSING(EvtQuery)
MISSING(EvtRender)
MISSING(EvtSubscribe)
MISSING(EvtUpdateBookmark)

int __stdcall DllMain(void *module, unsigned long reason, void *reserved) { return 1; }
