"use client";

import { Authenticated, useMutation, useQuery } from "convex/react";
import type { FormEvent } from "react";
import { api } from "../convex/_generated/api";

/** What users said, live from Convex, as soon as the deployment knows who asks. */
export function Messages() {
  return (
    <Authenticated>
      <MessageList />
    </Authenticated>
  );
}

function MessageList() {
  const messages = useQuery(api.messages.list);
  const send = useMutation(api.messages.send);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    await send({ body: String(new FormData(form).get("body")) });
    form.reset();
  }

  return (
    <section className="card" data-testid="messages">
      <h2>Messages</h2>
      <form className="row" onSubmit={submit}>
        <input name="body" aria-label="Message" placeholder="Say something" required />
        <button type="submit">Send</button>
      </form>
      <ul>
        {messages?.map(({ _id, author, body }) => (
          <li key={_id}>
            <b>{author}</b> {body}
          </li>
        ))}
      </ul>
      {messages?.length === 0 && <p className="quiet">Nothing yet.</p>}
    </section>
  );
}
