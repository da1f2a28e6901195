// The agent's files import result codes from here. Their home is protocol.
export * from '@moult/protocol/hresult';
