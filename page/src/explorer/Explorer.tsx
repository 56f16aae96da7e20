import type { Status } from "../api";

export function Explorer({ status }: { status: Status }) {
  return <p>{status.version}</p>;
}
