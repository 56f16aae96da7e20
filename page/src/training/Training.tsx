import type { Status } from "../api";

export function Training({ status }: { status: Status }) {
  return <p>{status.version}</p>;
}
