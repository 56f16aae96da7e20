import type { Status } from "../api";

export function Lab({ status }: { status: Status }) {
  return <p>{status.version}</p>;
}
