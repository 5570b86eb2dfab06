package org.example.bank;

import java.util.List;
import java.util.function.Function;

/**
 * An account.
 */
@Entity
public abstract class Account<T extends Comparable<T>> extends Base implements Owner {
    private static final int LIMIT = 10;
    protected final List<T> entries = List.of();

    public Account(String owner) throws BankException {
        this.owner = owner;
    }

    /** What is left. */
    @Override
    public <R> R balance(Function<T, R> by) {
        Runnable runnable = new Runnable() {
            public void run() { int x = 1; }
        };
        return null;
    }

    abstract void close();

    enum Kind {
        SAVINGS("s"), CURRENT("c");
        private final String code;
        Kind(String code) { this.code = code; }
    }

    record Entry(int amount, String text) {
        Entry {
            if (amount < 0) throw new IllegalArgumentException();
        }
    }

    interface Listener {
        int MAX = 3;
        void changed(Account<?> account);
        default void closed() { }
    }

    @interface Audited {
        String value() default "";
    }
}
