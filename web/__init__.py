"""Browser pages: the H5 album and the organizers' console. TypeScript sources live in web/ui."""
