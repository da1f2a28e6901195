// The agent's files ask for result codes here; they belong to what is said on the wire.
export * from '@moult/protocol/hresult';
