import React from "react";

type CardProps = { title: string; children?: React.ReactNode };

/** A card with a title. */
export const Card: React.FC<CardProps> = ({ title, children }) => {
  const [open, setOpen] = React.useState(false);
  return <section onClick={() => setOpen(!open)}><h1>{title}</h1>{children}</section>;
};

export default function Page(props: { cards: CardProps[] }): JSX.Element {
  return <>{props.cards.map((card) => <Card key={card.title} {...card} />)}</>;
}
