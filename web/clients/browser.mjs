// Gives Node what browsers have and Node 20 lacks, for the documentation's scripts.
import WebSocket from "ws";

globalThis.WebSocket ??= WebSocket;
